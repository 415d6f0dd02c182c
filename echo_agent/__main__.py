"""``python -m echo_agent``: the command line, where ``echo-agent`` is not on the path."""

from echo_agent.cli.app import main

if __name__ == "__main__":
    main()
