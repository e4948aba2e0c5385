import Testing

/// Suites that limit the instruction set for the whole process and so must not run side by side.
@Suite(.serialized) struct InferenceKernelTests {}
