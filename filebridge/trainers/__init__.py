"""Bridges to trainers whose interface is not Gymnasium's; each is imported only by its own name."""
