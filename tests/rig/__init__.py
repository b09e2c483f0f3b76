"""The test rig: emulated devices, a mail catcher, a clock that can be moved, and a page to look at them.

Part of the demo and of the tests, never of a production wheel (R77).
"""
