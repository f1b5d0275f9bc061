/// Where a lane is heading, from its rates. Pure.
package struct LaneForecast: Sendable, Equatable {
    /// Until nothing is ready any more, at the present rates; nil when it does not get less, or rates are not known.
    package let drain: Duration?
    /// Until the lag passes its threshold; zero when it has, nil when it does not rise.
    package let breach: Duration?
    /// Worker processes with which the lane would keep up and be within its threshold again after as long as that is.
    package let workersWanted: Int?

    package init(
        ready: Int?,
        rates: (in: Double, out: Double)?,
        lag: Duration?,
        threshold: Duration,
        workers: Int
    ) {
        guard let ready, let rates, let lag else {
            (drain, breach, workersWanted) = (nil, nil, nil)
            return
        }
        let surplus = rates.out - rates.in
        if ready == 0 {
            drain = .zero
        } else {
            drain = surplus > 0 ? .milliseconds(Int64(min(Double(ready) / surplus, 1e9) * 1000)) : nil
        }
        if lag > threshold {
            breach = .zero
        } else if ready > 0, surplus < 0 {
            // The head ages by what does not leave: with nothing leaving, a second every second.
            let growth = min(1, 1 - rates.out / rates.in)
            breach = .milliseconds(Int64(min((threshold - lag).seconds / max(growth, 1e-6), 1e9) * 1000))
        } else if ready > 0, rates.out == 0 {
            breach = threshold - lag
        } else {
            breach = nil
        }
        guard workers > 0, rates.out > 0 else {
            workersWanted = ready > 0 || rates.in > 0 ? nil : 0
            return
        }
        let each = rates.out / Double(workers)
        let wanted = rates.in + Double(ready) / max(1, threshold.seconds)
        // A lane that keeps up is not told to shrink: its workers may be idle for most of the time.
        let needed = Int((wanted / each).rounded(.up))
        workersWanted = lag > threshold || surplus < 0 ? max(needed, workers) : workers
    }
}
