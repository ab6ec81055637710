"""`python -m bot` is `sectionbot`."""

from bot.cli.main import main

if __name__ == "__main__":
    main()
