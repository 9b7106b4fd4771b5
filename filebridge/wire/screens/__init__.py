"""Full screens: what a program draws, the keys that it is sent, the talk with it."""
