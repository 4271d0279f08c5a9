"""From facts to a world file that reads back as the same facts."""
