"""What runs inside a pod's namespaces: standard library only, started as a program of its own."""
