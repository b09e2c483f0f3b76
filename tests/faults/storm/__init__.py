"""Random faults under a stream of real work: real processes, real HTTP, and the books checked afterwards.

`python -m tests.faults.storm` (`make faults`) breaks something five hundred times on each database. A seed names
the same work and the same faults again; what a moment's timing makes of them differs, what must hold does not.
"""
