import HoneCore
import HoneInference
import HoneModels

extension Engine {
    /// What decides the rotary angles of `request`: requests with the same value may run together.
    func rotaryLength(of request: GenerationRequest) -> Int {
        let tokens = request.promptTokens.count + request.parameters.maxTokens
        return model.config.rotaryLength(for: min(tokens, model.config.maximumLength))
    }

    /// Lets the angles of `request` be those it would have alone, whatever ran before.
    ///
    /// Keys that were computed with other angles would no longer fit, so nothing else may be running.
    func prepare(for request: GenerationRequest) {
        model.rotaryLength = rotaryLength(of: request)
    }
}
