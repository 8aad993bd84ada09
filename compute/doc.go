// Package compute reduces the elements of HDF5 datasets to a few numbers, in
// parallel and chunk by chunk: sums, means, extremes, deviations, histograms, of
// all elements, of a selection, of one column of a table, or along axes.
//
//	s, err := compute.Stats(ctx, ds, compute.Workers(8))
//	m, err := compute.MeanAlong(ctx, ds, compute.Along(0, -1), compute.SkipNaN())
//
// Every numeric type is taken: integers of any width up to 64 bits, with enums,
// booleans, bitfields and times as their integers, and floats of any format,
// those of more than 53 bits rounded to float64 first. Complex numbers have
// SumComplex and MeanComplex. Anything else is h5err.ErrType, as is a value
// beyond 64 bits.
//
// # The same result, always
//
// Results are the same bit for bit for any number of workers and any timing,
// and on any processor. The engine cuts a dataset into blocks in a way that
// storage and selection alone decide; each block is reduced on its own and the
// blocks are merged along a tree that their numbers decide. The same values
// stored or selected in another way may differ in the last digits of float sums.
//
// # Accuracy
//
// Integers are summed exactly (128 bits; squares 192): Exact is the sum, and
// mean and variance are correctly rounded.
//
// Floats, with u = 2^-53: Sum is off by at most 18u·Σ|x| + u·|Σx|, whatever
// the number of elements, and Mean by that divided by the count and another u,
// as leaves of 128 elements go into totals of twice the precision. (numpy's
// bound grows with the logarithm of the count, a plain loop's with the count.)
// Stats is more exact: its sum is off by about 34u·Σ|x-c|, c being the mean of
// about 4096 neighbours, and its variance by a relative 40u or so, also where
// the deviation is a tiny part of the mean. Sums whose total or leaves exceed
// 2^1024 are infinite or NaN, as IEEE 754 has it; the variance then is NaN, and
// +Inf where only squares are too large.
//
// # NaN, infinities, zeros
//
// A NaN makes sum, mean, extremes and variance NaN, unless SkipNaN is given; the
// NaNs are counted either way. Infinities count as values. The sum of nothing
// but -0 is -0, and -0 is less than 0 for MinMax.
//
// Of no elements the sum is 0, mean and variance are NaN, and MinMax and
// ArgMinMax give h5err.ErrSelection.
//
// # Parts
//
// Partials does a part of the work of Stats; its result can be sent as JSON and
// merged with the other parts into the Summary that Stats would have given.
//
// All functions are safe for concurrent use. Memory is one block (a chunk, or
// 1 MiB) for each worker beside the result.
package compute
