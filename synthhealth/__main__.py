"""The command line as ``python -m synthhealth``."""

from synthhealth.cli import main

if __name__ == "__main__":
    main()
