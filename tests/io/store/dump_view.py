"""Writes the datasets of a model.h5 as raw bytes, as h5py alone sees them: dump_view.py MODEL.H5 OUT"""
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], "r") as model:
    for name in ("users/ids", "users/factors", "users/biases", "items/ids", "items/factors", "seen/indptr",
                 "seen/indices", "gramians/users", "gramians/items"):
        np.ascontiguousarray(model[name][()]).tofile(sys.argv[2] + "/" + name.replace("/", "_"))
