(() => {
  "use strict";

  const store = JSON.parse(document.getElementById("report-data").textContent);
  const root = document.documentElement;
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const onPaper = window.matchMedia("print");
  const config = { displayModeBar: false, responsive: true, doubleClick: false, typesetMath: false };
  const narrow = 480; // pixels: below this, figures use smaller letters
  let printing = false;

  const byId = (id) => document.getElementById(id);
  const plots = () => [...document.querySelectorAll(".plot")];
  const isShown = (element) =>
    element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null;

  // Colours ------------------------------------------------------------------------------------

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);

  function coloured(value, palette) {
    if (typeof value === "string") {
      return value.replace(/^var\(--([a-z-]+)\)$/, (_, name) => palette[name]);
    }
    if (Array.isArray(value)) return value.map((item) => coloured(item, palette));
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, coloured(item, palette)]),
      );
    }
    return value;
  }

  // Figures ------------------------------------------------------------------------------------

  // What all figures share is stored once.
  for (const figure of Object.values(store.figures)) {
    const own = figure.layout;
    figure.layout = { ...store.shared.layout, ...own };
    for (const key of Object.keys(own).filter((key) => /^[xy]axis/.test(key))) {
      figure.layout[key] = { ...store.shared.axis, ...own[key] };
    }
  }

  function fitted(layout, width) {
    if (width >= narrow && !printing) return layout;
    const axes = Object.keys(layout).filter((key) => /^[xy]axis/.test(key));
    const smaller = { ...layout, font: { ...layout.font, size: printing ? 9 : 11 } };
    if (printing) smaller.height = heightOnPaper(layout.height);
    for (const key of axes) {
      const size = Math.min(layout[key].tickfont.size, printing ? 8 : 10);
      const title = { ...layout[key].title, font: { ...layout[key].title.font, size: size + 1 } };
      smaller[key] = { ...layout[key], title, tickfont: { ...layout[key].tickfont, size } };
    }
    return smaller;
  }

  // Less high, and never so high that a sheet would cut it.
  const heightOnPaper = (height) => Math.min(Math.max(0.66 * height, 200), 880);

  function draw(place) {
    const palette = store.palettes[isDark() && !printing ? "dark" : "light"];
    const figure = coloured(store.figures[place.dataset.figure], palette);
    place.dataset.drawn = "yes";
    const height = store.figures[place.dataset.figure].layout.height;
    place.style.minHeight = `${printing ? heightOnPaper(height) : height}px`;
    Plotly.react(place, figure.data, fitted(figure.layout, place.clientWidth), config);
  }

  // A figure is drawn when it comes near the window: hundreds of columns cost nothing unseen.
  const nearby = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting && !entry.target.dataset.drawn) draw(entry.target);
      }
    },
    { rootMargin: "600px" },
  );

  function watch(place) {
    place.style.minHeight = `${store.figures[place.dataset.figure].layout.height}px`;
    nearby.observe(place);
  }

  function redraw(places = plots()) {
    for (const place of places) {
      if (!place.dataset.drawn) continue;
      if (isShown(place)) {
        draw(place);
      } else {
        Plotly.purge(place);
        delete place.dataset.drawn;
        nearby.unobserve(place);
        nearby.observe(place);
      }
    }
  }

  // Questions ----------------------------------------------------------------------------------

  const questions = [...document.querySelectorAll("details.question")];
  const openAll = byId("open-all");

  function nameOpenAll() {
    const open = questions.every((one) => one.open);
    openAll.textContent = open ? "Close all" : "Open all";
    openAll.setAttribute("aria-pressed", String(open));
  }

  openAll.addEventListener("click", () => {
    const open = !questions.every((one) => one.open);
    questions.forEach((one) => { one.open = open; });
  });
  for (const one of questions) {
    one.addEventListener("toggle", () => {
      nameOpenAll();
      // What was drawn before it was closed may have another width by now.
      if (one.open && !printing) redraw([...one.querySelectorAll(".plot")]);
    });
  }

  // A link to something within a closed question opens it.
  function openTarget() {
    const target = byId(decodeURIComponent(window.location.hash.slice(1)));
    const question = target && target.closest("details.question");
    if (!question) return;
    question.open = true;
    target.scrollIntoView();
  }

  window.addEventListener("hashchange", openTarget);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    // The address stays as it is when the same link is followed twice.
    if (link && link.hash === window.location.hash) openTarget();
  });

  // Theme --------------------------------------------------------------------------------------

  const themeButton = byId("theme");

  function nameTheme() {
    themeButton.textContent = isDark() ? "Light" : "Dark";
    themeButton.setAttribute("aria-pressed", String(isDark()));
  }

  themeButton.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
    redraw();
  });
  prefersDark.addEventListener("change", () => {
    nameTheme();
    redraw();
  });

  // Tables -------------------------------------------------------------------------------------

  function compare(first, second) {
    if (first === "" || second === "") return (first === "") - (second === ""); // missing: last
    const [one, other] = [Number(first), Number(second)];
    if (Number.isNaN(one) || Number.isNaN(other)) return first.localeCompare(second);
    return one - other;
  }

  function sortBy(table, place) {
    const heads = [...table.tHead.rows[0].cells];
    const descending = heads[place].getAttribute("aria-sort") === "ascending";
    heads.forEach((head) => head.setAttribute("aria-sort", "none"));
    heads[place].setAttribute("aria-sort", descending ? "descending" : "ascending");
    const value = (row) => row.cells[place].dataset.value;
    for (const group of table.tBodies) {
      const rows = [...group.rows].filter((row) => !row.classList.contains("group"));
      rows.sort((first, second) => {
        const order = compare(value(first), value(second));
        const missing = value(first) === "" || value(second) === "";
        return descending && !missing ? -order : order;
      });
      group.append(...rows);
    }
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      head.querySelector("button").addEventListener("click", () => sortBy(table, place));
    });
  }

  // One column ---------------------------------------------------------------------------------

  const columnChoice = byId("column-choice");

  function showColumn() {
    for (const panel of document.querySelectorAll(".panel")) {
      panel.hidden = panel.id !== `panel-${columnChoice.value}`;
    }
    byId("column-back").disabled = columnChoice.selectedIndex === 0;
    byId("column-on").disabled = columnChoice.selectedIndex === columnChoice.options.length - 1;
  }

  function stepColumn(step) {
    columnChoice.selectedIndex += step;
    showColumn();
  }

  columnChoice.addEventListener("change", showColumn);
  byId("column-back").addEventListener("click", () => stepColumn(-1));
  byId("column-on").addEventListener("click", () => stepColumn(1));
  for (const link of document.querySelectorAll("a[data-column]")) {
    link.addEventListener("click", () => {
      columnChoice.value = link.dataset.column;
      showColumn();
    });
  }

  // Pairs --------------------------------------------------------------------------------------

  const partners = new Map(); // column -> Map(other column -> pair)
  for (const pair of store.pairs) {
    const [one, other] = pair.columns;
    for (const [here, there] of [[one, other], [other, one]]) {
      if (!partners.has(here)) partners.set(here, new Map());
      partners.get(here).set(there, pair);
    }
  }

  function fill(select, columns) {
    const ordered = [...columns].sort((one, other) => one - other);
    select.replaceChildren(
      ...ordered.map((column) => new Option(store.columns[column], String(column))),
    );
  }

  function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  function showPair() {
    const [first, second] = [byId("pair-first"), byId("pair-second")].map((s) => Number(s.value));
    const pair = partners.get(first).get(second);
    byId("pair-text").replaceChildren(
      element("span", pair.state, { class: `standing ${pair.tone}` }), ` ${pair.text}`,
    );
    plots()
      .filter((place) => place.closest("#pair-figures"))
      .forEach((place) => {
        nearby.unobserve(place);
        Plotly.purge(place);
      });
    const figures = pair.slots.map((slot) => {
      const figure = document.createElement("figure");
      const place = element("div", "", {
        class: "plot", role: "img", "data-figure": slot.figure, "aria-label": slot.alt,
      });
      figure.append(
        element("h4", slot.title, { class: "figure-title" }),
        place,
        element("figcaption", slot.caption),
      );
      return figure;
    });
    byId("pair-figures").replaceChildren(...figures);
    figures.forEach((figure) => watch(figure.querySelector(".plot")));
  }

  function showPartners() {
    const select = byId("pair-second");
    const wanted = select.value;
    fill(select, partners.get(Number(byId("pair-first").value)).keys());
    if ([...select.options].some((option) => option.value === wanted)) select.value = wanted;
    showPair();
  }

  if (store.pairs.length) {
    fill(byId("pair-first"), partners.keys());
    const [first, second] = store.pairs[0].columns;
    byId("pair-first").value = String(first);
    fill(byId("pair-second"), partners.get(first).keys());
    byId("pair-second").value = String(second);
    byId("pair-first").addEventListener("change", showPartners);
    byId("pair-second").addEventListener("change", showPair);
    showPartners();
  }

  // Tables of dependence -----------------------------------------------------------------------

  const matrixChoice = byId("matrix-choice");
  if (matrixChoice) {
    matrixChoice.addEventListener("change", () => {
      for (const view of document.querySelectorAll(".matrix")) {
        view.hidden = view.id !== `matrix-${matrixChoice.value}`;
      }
    });
  }

  // Paper --------------------------------------------------------------------------------------

  let opened = []; // for paper only

  function openForPrint() {
    if (printing) return;
    printing = true;
    opened = questions.filter((one) => !one.open && "paper" in one.dataset);
    opened.forEach((one) => { one.open = true; });
    root.classList.add("printing");
    plots().filter(isShown).forEach(draw);
  }

  function closeAfterPrint() {
    if (!printing) return;
    printing = false;
    root.classList.remove("printing");
    opened.forEach((one) => { one.open = false; });
    redraw();
  }

  window.addEventListener("beforeprint", openForPrint);
  window.addEventListener("afterprint", closeAfterPrint);
  onPaper.addEventListener("change", () => (onPaper.matches ? openForPrint() : closeAfterPrint()));

  // Start --------------------------------------------------------------------------------------

  nameTheme();
  nameOpenAll();
  showColumn();
  plots().filter((place) => !place.closest("#pair-figures")).forEach(watch);
  openTarget();
  if (onPaper.matches) openForPrint();
})();
