import Testing
import Torch

@Suite struct TensorTests {
    @Test func keepsValuesInRowMajorOrder() throws {
        let tensor = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(tensor.shape == [2, 3])
        #expect(tensor.strides == [3, 1])
        #expect(tensor.dtype == .float32)
        #expect(try tensor.floats() == [1, 2, 3, 4, 5, 6])
        #expect(try tensor.transpose(0, 1).floats() == [1, 4, 2, 5, 3, 6])
    }

    @Test func wholeNumbersKeepIntegerTensorsWhole() throws {
        let tensor = try Tensor([3, 5] as [Int], shape: [2])
        #expect(try (tensor * 2).dtype == .int64)
        #expect(try (tensor + 1).ints() == [4, 6])
        #expect(try (tensor / 2).floats() == [1.5, 2.5])
    }

    @Test func emptyArraysMakeEmptyTensors() throws {
        let tensor = try Tensor([] as [Float], shape: [0, 4])
        #expect(tensor.shape == [0, 4])
        #expect(try tensor.floats() == [])
    }

    @Test func refusesValuesThatDoNotFillTheShape() {
        #expect(throws: TorchError.valueCount(shape: [2, 2], count: 3)) {
            try Tensor([1, 2, 3] as [Float], shape: [2, 2])
        }
    }

    @Test func failedOperationsNameOperandsWithoutBacktrace() throws {
        let a = try Tensor.ones([2, 3])
        let b = try Tensor.ones([4, 5], dtype: .bfloat16)
        let error = #expect(throws: TorchError.self) { try a.matmul(b) }
        guard case .operation(let name, let shapes, let dtypes, let message) = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
        #expect(name == "matmul")
        #expect(shapes == [[2, 3], [4, 5]])
        #expect(dtypes == [.float32, .bfloat16])
        #expect(!message.isEmpty && !message.contains("frame #"))
    }

    @Test func exhaustedMemoryIsAnError() throws {
        // 2^56 bytes: beyond the address space of any machine.
        let error = #expect(throws: TorchError.self) { try Tensor.empty([1 << 54]) }
        guard case .outOfMemory = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
    }

    @Test func dimsCheckTheRank() throws {
        let tensor = try Tensor.zeros([2, 3, 4])
        #expect(try tensor.dims3() == (2, 3, 4))
        #expect(throws: TorchError.self) { try tensor.dims2() }
        #expect(try tensor.size(-1) == 4)
        #expect(throws: TorchError.self) { try tensor.size(3) }
    }

    @Test func gradientsAccumulateAtLeaves() throws {
        // d/dx Σ x² = 2x.
        let x = try Tensor([1, -2, 3] as [Float])
        x.requiresGradient = true
        try x.square().sum().backward()
        #expect(try x.gradient?.floats() == [2, -4, 6])
        try x.square().sum().backward()
        #expect(try x.gradient?.floats() == [4, -8, 12])
        try x.setGradient(nil)
        #expect(x.gradient == nil)
    }

    @Test func gradientScopesNestAndEnd() throws {
        let x = try Tensor.ones([2])
        x.requiresGradient = true
        let inside = try withoutGradients { () throws(TorchError) -> Bool in
            try (x * 2).requiresGradient
        }
        #expect(!inside)
        #expect(try (x * 2).requiresGradient)
        _ = try? withoutGradients { () throws(TorchError) in _ = try x.reshape(3) }
        #expect(recordsGradients)
    }

    @Test func gradientsOfSeveralOutputs() throws {
        let x = try Tensor([2] as [Float])
        let unused = try Tensor([2] as [Float])
        x.requiresGradient = true
        unused.requiresGradient = true
        // 3 · d(x²)/dx + 5 · d(x³)/dx = 3 · 4 + 5 · 12 at x = 2.
        let gradients = try Tensor.gradients(
            of: [x.square(), x.pow(3)],
            weightedBy: [Tensor([3] as [Float]), Tensor([5] as [Float])],
            withRespectTo: [x, unused])
        #expect(try gradients[0]?.floats() == [72])
        #expect(gradients[1] == nil)
        #expect(x.gradient == nil)
    }

    @Test func foreignMemoryLivesAsLongAsItsViews() throws {
        final class Owner {
            let memory = UnsafeMutablePointer<Float>.allocate(capacity: 4)
            let released: () -> Void
            init(_ released: @escaping () -> Void) {
                self.released = released
                memory.initialize(repeating: 7, count: 4)
            }
            deinit {
                memory.deallocate()
                released()
            }
        }
        var isReleased = false
        var view: Tensor? = try {
            let owner = Owner { isReleased = true }
            return try Tensor(
                memory: owner.memory, dtype: .float32, shape: [4], owner: owner
            ).narrow(0, 1, 2)
        }()
        #expect(!isReleased)
        #expect(try view?.floats() == [7, 7])
        view = nil
        #expect(isReleased)
    }
}
