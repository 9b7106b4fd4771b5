"""Sockets: connections and datagrams, made by us or by the simulator."""
