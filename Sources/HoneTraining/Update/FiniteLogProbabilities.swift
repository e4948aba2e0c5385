extension PackedBatch {
    /// Refuses log-probabilities [M] that are NaN or infinite, with the dataset rows whose completions
    /// have them.
    ///
    /// - Parameters:
    ///   - values: of this batch's targets.
    ///   - rows: [S] the dataset rows of the samples that members index.
    ///   - step: the optimiser step, counted from 1.
    func requireFinite(_ values: [Float], rows: [Int?], step: Int) throws(TrainingError) {
        guard !values.allSatisfy(\.isFinite) else { return }
        let members = members.filter { !values[$0.range].allSatisfy(\.isFinite) }
        throw TrainingError.notFinite(
            quantity: "the log-probabilities", step: step,
            rows: Set(members.compactMap { rows[$0.sample] }).sorted())
    }
}
