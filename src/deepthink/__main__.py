"""`python -m deepthink` is the `deepthink` command."""

from deepthink.cli.main import main

if __name__ == "__main__":
    main()
