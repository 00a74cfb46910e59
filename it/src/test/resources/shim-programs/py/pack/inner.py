import os
HERE = os.path.dirname(os.path.abspath(__file__))


def double(x):
    return 2 * x
