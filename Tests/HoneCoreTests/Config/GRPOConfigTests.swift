import HoneCore
import OrderedCollections
import Testing

@Suite struct GRPOConfigTests {
    private func problems(_ members: JSONObject) -> [String] {
        var problems: [ConfigProblem] = []
        _ = GRPOConfig.decode(members, at: ConfigPath("grpo"), &problems)
        return problems.map(\.description)
    }

    /// Each has one problem, and its text names what to change.
    @Test(
        arguments: [
            (["loss_type": "luspo"], "set importance_sampling_level: sequence"),
            (
                ["loss_type": "vespo", "importance_sampling_level": "sequence"],
                "set importance_sampling_level: token"
            ),
            (["loss_type": "cispo", "delta": 3], "remove it"),
            (["delta": 1.1], "must lie above 1 + epsilon_high (1.2)"),
            (["loss_type": "sapo", "epsilon_high": 0.3], "sapo does not clip"),
            (["loss_type": "sapo", "epsilon": 0.1], "which sapo has not"),
            (["loss_type": "vespo", "epsilon": 0.1], "which vespo has not"),
            (["loss_type": "cispo", "epsilon": 0.1], "which cispo has not"),
            (["sapo_temperature_neg": 2], "belongs to loss_type: sapo"),
            (["vespo_lambda_neg": 1], "belongs to loss_type: vespo"),
            (["kl_estimator": "k1"], "set beta"),
            (["sync_ref_model": true], "set beta"),
            (["beta": 0.1, "ref_model_sync_steps": 3], "without sync_ref_model: true"),
            (
                [
                    "beta": 0.1, "kl_placement": "reward",
                    "multi_objective_aggregation": "normalize_then_sum",
                ], "set kl_placement: loss"
            ),
            (
                ["multi_objective_aggregation": "normalize_then_sum", "scale_rewards": "none"],
                "remove scale_rewards"
            ),
            (["entropy_target": 1.0], "without use_adaptive_entropy: true"),
            (
                ["use_adaptive_entropy": true, "entropy_coef": 2.0],
                "between entropy_coef_min (0.0) and entropy_coef_max (1.0)"
            ),
            (
                ["loss_type": "vespo", "importance_sampling_correction": "sequence_mask"],
                "take token_truncate or token_mask"
            ),
            (
                [
                    "importance_sampling_correction": "token_mask",
                    "importance_sampling_clip_min": 3.0, "importance_sampling_clip_max": 2.0,
                ], "must lie below importance_sampling_clip_max (2.0)"
            ),
            (
                [
                    "importance_sampling_correction": "token_mask",
                    "importance_sampling_clip_max": nil,
                ], "set importance_sampling_clip_max"
            ),
            (["importance_sampling_clip_max": 5], "without importance_sampling_correction"),
            (["steps_per_generation": 3], "must divide num_prompts (8)"),
            (
                ["steps_per_generation": 6, "gradient_accumulation_steps": 4],
                "must be a multiple of gradient_accumulation_steps (4)"
            ),
            (["gradient_accumulation_steps": 65], "some would be empty"),
            (["train_steps": 3, "num_train_epochs": 1], "keep one"),
            (["vllm_importance_sampling_cap": 2], "did you mean importance_sampling_clip_max?"),
            (["dual_clip": 3], "did you mean delta?"),
            (["updates_per_iteration": 3], "did you mean steps_per_generation?"),
        ] as [(JSONObject, String)])
    func saysWhatToDo(members: JSONObject, remedy: String) {
        let found = problems(members)
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.contains(remedy) == true, "\(found)")
    }

    /// The resolved recipe gives every key; it must pass the checks that the recipe passed.
    @Test(
        arguments: [
            [:], ["beta": 0.04, "sync_ref_model": true], ["loss_type": "sapo"],
            ["use_adaptive_entropy": true, "entropy_target": 1.0],
            ["multi_objective_aggregation": "normalize_then_sum"],
            ["importance_sampling_correction": "sequence_mask"],
            ["loss_type": "cispo"], ["loss_type": "vespo"],
        ] as [JSONObject])
    func theResolvedTableReadsBack(members: JSONObject) {
        var problems: [ConfigProblem] = []
        let config = GRPOConfig.decode(members, at: .root, &problems)
        let again = GRPOConfig.decode(config.configJSON.objectValue ?? [:], at: .root, &problems)
        #expect(problems.isEmpty, "\(problems)")
        #expect(again == config)
    }

    @Test func theUpperBoundFollowsTheLossType() {
        var config = GRPOConfig()
        #expect(config.upperBound == 0.2)
        config.lossType = .cispo
        #expect(config.upperBound == 5)
        config.epsilonHigh = 2
        #expect(config.upperBound == 2)
    }
}
