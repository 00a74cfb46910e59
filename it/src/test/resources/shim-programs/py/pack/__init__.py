from .inner import double
from . import inner as other
