public import Testing

extension Tag {
    /// Needs a GPU; such tests are skipped, and counted as skipped, where there is none.
    @Tag public static var gpu: Self
}
