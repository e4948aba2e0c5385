/// Computations that libtorch lacks, or does in many more passes over memory than are needed.
public enum Kernels {}
