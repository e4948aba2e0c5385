import HoneCore
import Testing

@Suite struct CurveTests {
    private static func curve(_ values: some Sequence<Double>) -> Curve {
        var curve = Curve()
        for value in values { curve.append(value) }
        return curve
    }

    @Test func aShortSeriesIsKeptAsItIs() {
        let values = (0..<Curve.limit).map(Double.init)
        #expect(Self.curve(values).points == values)
        #expect(Self.curve([]).latest == nil)
    }

    @Test func aLongOneKeepsItsShapeInTheSameRoom() {
        // Halved three times: each point is the mean of eight neighbours, i.e. 8 i + 3.5.
        let values = (0..<8 * Curve.limit).map(Double.init)
        let curve = Self.curve(values)
        #expect(curve.points == (0..<Curve.limit).map { Double(8 * $0) + 3.5 })
        #expect(curve.latest == values.last)
    }

    @Test func theLastPointIsTheMeanOfWhatItHasSoFar() {
        // One more than twice the limit begins a point of four numbers; three more are 1024 to 1026.
        let curve = Self.curve((0..<2 * Curve.limit + 3).map(Double.init))
        #expect(curve.points.count == Curve.limit / 2 + 1)
        #expect(curve.points.last == 1025)
    }
}
