import HoneCore
import Testing

@Suite struct KeySuggestionTests {
    @Test(arguments: [
        ("num_generation", "num_generations"), ("numGenerations", "num_generations"),
        ("bata", "beta"), ("loss-type", "loss_type"), ("epsilon_hihg", "epsilon_high"),
    ])
    func findsTheNameThatWasMeant(written: String, meant: String) {
        let names = ["num_generations", "beta", "loss_type", "epsilon", "epsilon_high"]
        #expect(KeySuggestion.nearest(to: written, among: names) == meant)
    }

    @Test(arguments: ["colour", "x", ""])
    func saysNothingWhenNothingIsNear(written: String) {
        #expect(KeySuggestion.nearest(to: written, among: ["num_generations", "beta"]) == nil)
    }
}
