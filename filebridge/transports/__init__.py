"""One file for each way to move bytes; none knows of lines, prompts or numbers."""
