"""The arrays of the kernels."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Small = NDArray[np.int8]
Flags = NDArray[np.bool_]
