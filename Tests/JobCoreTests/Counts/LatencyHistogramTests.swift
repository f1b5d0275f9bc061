import Testing

@testable import JobCore

@Suite struct `Latency histogram` {
    @Test(arguments: [0, 1, 2, 3, 7, 8, 9, 100, 1000, 12_345, 60_000, 86_400_000, 1_800_000_000_000] as [Int64])
    func `a duration lies in its bucket`(milliseconds: Int64) {
        let bucket = LatencyHistogram.bucket(milliseconds)
        #expect(LatencyHistogram.upperBound(bucket) >= milliseconds)
        #expect(bucket == 0 || LatencyHistogram.upperBound(bucket - 1) <= milliseconds)
    }

    @Test(arguments: [Int64.min, -1, .max, .max - 1, 1 << 62])
    func `a duration beyond all measure has a bucket too`(milliseconds: Int64) {
        var histogram = LatencyHistogram()
        histogram.record(milliseconds: milliseconds)
        #expect(histogram.percentile(0.5) != nil)
    }

    @Test func `a percentile is right within a tenth`() throws {
        var histogram = LatencyHistogram()
        for milliseconds in 1...1000 { histogram.record(milliseconds: Int64(milliseconds)) }
        for (share, exact) in [(0.5, 500.0), (0.95, 950), (0.99, 990), (1, 1000)] {
            let found = try #require(histogram.percentile(share))
            #expect(Double(found) >= exact * 0.99)
            #expect(Double(found) <= exact * 1.1)
        }
        #expect(LatencyHistogram().percentile(0.5) == nil)
        #expect(histogram.percentile(0) == 1)
    }

    @Test func `two halves merge into the whole`() {
        var (whole, left, right) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for milliseconds in Int64(0)..<500 {
            whole.record(milliseconds: milliseconds)
            if milliseconds.isMultiple(of: 3) {
                left.record(milliseconds: milliseconds)
            } else {
                right.record(milliseconds: milliseconds)
            }
        }
        left.merge(right)
        #expect(left == whole)
    }
}
