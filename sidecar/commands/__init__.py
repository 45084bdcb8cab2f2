"""The commands, one file each: `execute(options) -> exit code`. Imported by `cli` when asked for."""
