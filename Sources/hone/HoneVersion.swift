/// The version of this program.
enum HoneVersion {
    static let current = "0.1.0"
}
