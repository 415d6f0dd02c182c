"""The command line ``echo-agent``: one module a command, loaded when the command is called."""
