// Bench times gables against PyTables and h5py on the same files, in turn.
//
// Each rival, gables too, lives in a process of its own that takes one request
// a line and times it inside, so that start-up is not counted and the peak
// memory of each can be compared. Within a round every contestant of a job
// runs once, one at a time, so that a machine that slows down slows all. What
// contestants compute is compared: a difference ends the run. So is what they
// write, by another contestant.
//
//	GABLES_PYTHON=python3 go run ./internal/bench --size 256MiB --rounds 5
//
// It needs a Python with tables, h5py and hdf5plugin, and Linux for the
// figures of peak memory.
package main
