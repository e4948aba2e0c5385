import CTorch

/// How `gelu` is computed.
public enum GELUApproximation: String, Hashable, Sendable {
    /// x Φ(x).
    case none
    /// 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).
    case tanh
}

// Functions of one element each.
extension Tensor {
    public func abs() throws(TorchError) -> Tensor {
        try wrap(ct_abs(handle), "abs", [self])
    }

    public func sign() throws(TorchError) -> Tensor {
        try wrap(ct_sign(handle), "sign", [self])
    }

    public func exp() throws(TorchError) -> Tensor {
        try wrap(ct_exp(handle), "exp", [self])
    }

    /// e^x - 1, exact near 0.
    public func expm1() throws(TorchError) -> Tensor {
        try wrap(ct_expm1(handle), "expm1", [self])
    }

    /// The natural logarithm.
    public func log() throws(TorchError) -> Tensor {
        try wrap(ct_log(handle), "log", [self])
    }

    /// log(1 + x), exact near 0.
    public func log1p() throws(TorchError) -> Tensor {
        try wrap(ct_log1p(handle), "log1p", [self])
    }

    public func sqrt() throws(TorchError) -> Tensor {
        try wrap(ct_sqrt(handle), "sqrt", [self])
    }

    /// 1 / sqrt(x).
    public func rsqrt() throws(TorchError) -> Tensor {
        try wrap(ct_rsqrt(handle), "rsqrt", [self])
    }

    public func square() throws(TorchError) -> Tensor {
        try wrap(ct_square(handle), "square", [self])
    }

    public func reciprocal() throws(TorchError) -> Tensor {
        try wrap(ct_reciprocal(handle), "reciprocal", [self])
    }

    public func sin() throws(TorchError) -> Tensor {
        try wrap(ct_sin(handle), "sin", [self])
    }

    public func cos() throws(TorchError) -> Tensor {
        try wrap(ct_cos(handle), "cos", [self])
    }

    public func tanh() throws(TorchError) -> Tensor {
        try wrap(ct_tanh(handle), "tanh", [self])
    }

    public func sigmoid() throws(TorchError) -> Tensor {
        try wrap(ct_sigmoid(handle), "sigmoid", [self])
    }

    /// log(1 / (1 + e^-x)).
    public func logSigmoid() throws(TorchError) -> Tensor {
        try wrap(ct_log_sigmoid(handle), "logSigmoid", [self])
    }

    /// log(1 + e^x).
    public func softplus() throws(TorchError) -> Tensor {
        try wrap(ct_softplus(handle), "softplus", [self])
    }

    public func relu() throws(TorchError) -> Tensor {
        try wrap(ct_relu(handle), "relu", [self])
    }

    /// x / (1 + e^-x).
    public func silu() throws(TorchError) -> Tensor {
        try wrap(ct_silu(handle), "silu", [self])
    }

    public func floor() throws(TorchError) -> Tensor {
        try wrap(ct_floor(handle), "floor", [self])
    }

    public func ceil() throws(TorchError) -> Tensor {
        try wrap(ct_ceil(handle), "ceil", [self])
    }

    /// Halves go to the even neighbour.
    public func round() throws(TorchError) -> Tensor {
        try wrap(ct_round(handle), "round", [self])
    }

    /// Whether each element is neither infinite nor NaN.
    public func isFinite() throws(TorchError) -> Tensor {
        try wrap(ct_isfinite(handle), "isFinite", [self])
    }

    public func isNaN() throws(TorchError) -> Tensor {
        try wrap(ct_isnan(handle), "isNaN", [self])
    }

    public func gelu(_ approximation: GELUApproximation = .none) throws(TorchError) -> Tensor {
        try wrap(ct_gelu(handle, approximation == .tanh), "gelu", [self])
    }
}
