"""``python -m wandb_magic.cli``, for environments where the command is not on the path."""

from wandb_magic.cli.main import main

main()
