"""How changes of files are noticed: by inotify, by watchdog, or by looking."""
