(() => {
  "use strict";

  const store = JSON.parse(document.getElementById("report-data").textContent);
  const place = document.querySelector(".plot");
  if (!place) return;
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const onPaper = window.matchMedia("print");
  const config = { displayModeBar: false, responsive: false, doubleClick: false, typesetMath: false };

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

  function draw() {
    const palette = store.palettes[prefersDark.matches && !onPaper.matches ? "dark" : "light"];
    const figure = coloured(store.figure, palette);
    place.style.minHeight = `${figure.layout.height}px`;
    place.dataset.drawn = "yes";
    figure.layout.width = place.parentElement.clientWidth;
    Plotly.react(place, figure.data, figure.layout, config);
  }

  prefersDark.addEventListener("change", draw);
  onPaper.addEventListener("change", draw);
  new ResizeObserver(draw).observe(place.parentElement);
})();
