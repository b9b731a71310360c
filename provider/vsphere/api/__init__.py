"""The vSphere API through pyvmomi: one session, property reads and waits, tasks, and faults as exceptions."""
