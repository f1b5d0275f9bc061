extension DemoScene {
    /// Three hundred probes: most succeed, some fail once or twice first, some wait, some in the high and bulk lanes,
    /// and a dozen die for good: they are left in the dead letters for whoever watches.
    static let probes = DemoScene(jobs: {
        (0..<300).map { index -> (SystemProbe, [EnqueueOption]) in
            var options: [EnqueueOption] = []
            if index % 10 == 3 { options.append(.lane(.high)) }
            if index % 10 == 7 { options.append(.lane(.bulk)) }
            if index % 12 == 5 { options.append(.delay(.milliseconds(500 + index * 10))) }
            let failures = index % 25 == 11 ? 99 : index % 9 == 4 ? 1 : index % 30 == 8 ? 2 : 0
            return (
                SystemProbe(
                    workMs: 5 + index * 7 % 60,
                    failAttempts: failures,
                    record: true,
                    note: "demo \(index)"
                ),
                options
            )
        }
    })
}
