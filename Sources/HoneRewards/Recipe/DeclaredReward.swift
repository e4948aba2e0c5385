import HoneCore

/// The options of one type of reward function, from which the function is made.
public protocol DeclaredReward: ConfigSection {
    func function(name: String) -> any RewardFunction
}
