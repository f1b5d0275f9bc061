/// Decides whether a send would be taken whole by the kernel, asking it once for many small sends.
///
/// A value: the probe is given, and answers the bytes surely free now, 0 if none.
struct SendRoom {
    /// What a send costs the kernel beyond its bytes: it accounts whole socket buffers.
    static let overhead = 2_560

    private var budget = 0

    mutating func take(_ bytes: Int, probe: () -> Int) -> Bool {
        let cost = bytes + Self.overhead
        if cost > budget { budget = probe() }
        guard cost <= budget else {
            budget = 0
            return false
        }
        budget -= cost
        return true
    }
}
