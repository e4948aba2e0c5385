import HoneCore

extension PolicyUpdate {
    /// Refuses log-probabilities [M] of `batch` that are NaN or infinite, with the dataset rows whose
    /// completions have them.
    func requireFinite(
        _ values: [Float], of batch: PackedBatch, _ samples: [TrainingSample]
    ) throws {
        guard !values.allSatisfy(\.isFinite) else { return }
        let members = batch.members.filter { !values[$0.range].allSatisfy(\.isFinite) }
        let rows = Set(members.compactMap { samples[$0.sample].row }).sorted()
        throw TrainingError.notFinite(
            quantity: "the log-probabilities", step: step.count + 1, rows: rows)
    }
}
