/// A merge sort whose comparison may throw; equal elements keep their order.
enum StableSort {
    static func sorted<Element>(
        _ elements: [Element],
        by precedes: (Element, Element) throws(TemplateError) -> Bool
    ) throws(TemplateError) -> [Element] {
        guard elements.count > 1 else { return elements }
        // The first two are compared first, as in Python, which shows where a comparison fails.
        let middle = (elements.count + 1) / 2
        let left = try sorted(Array(elements[..<middle]), by: precedes)
        let right = try sorted(Array(elements[middle...]), by: precedes)
        var result: [Element] = []
        result.reserveCapacity(elements.count)
        var (first, second) = (0, 0)
        while first < left.count, second < right.count {
            if try precedes(right[second], left[first]) {
                result.append(right[second])
                second += 1
            } else {
                result.append(left[first])
                first += 1
            }
        }
        return result + left[first...] + right[second...]
    }
}
