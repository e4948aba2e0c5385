import HoneCore
import HoneModels
import Torch

extension OptimizerConfig {
    /// The optimiser that the recipe names, for `parameters`.
    func optimizer(of parameters: [NamedParameter]) -> any Optimizer {
        let all = parameters.map { (name: $0.name, tensor: $0.tensor, decay: WeightDecay.decayed) }
        let adam = AdamW.Options(
            learningRate: learningRate, beta1: adamBeta1, beta2: adamBeta2, epsilon: adamEpsilon,
            weightDecay: weightDecay)
        switch name {
        case .adamw: return AdamW(all, options: adam)
        case .adamw8Bit: return AdamW8Bit(all, options: adam)
        case .sgd:
            return SGD(
                all,
                options: SGD.Options(
                    learningRate: learningRate, momentum: momentum, weightDecay: weightDecay))
        }
    }
}

extension LearningRateSchedule {
    init(_ config: OptimizerConfig, totalSteps: Int) {
        self.init(
            shape: config.schedule, peak: config.learningRate, minimum: config.minLearningRate,
            warmupSteps: config.warmup(totalSteps: totalSteps), totalSteps: totalSteps,
            decayRatio: config.decayRatio)
    }
}
