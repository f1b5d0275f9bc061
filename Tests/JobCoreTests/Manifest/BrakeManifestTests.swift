import Testing

@testable import JobCore

@Suite struct `Brakes in the manifest` {
    private static let base = """
        queues:
          mails: { depends_on: [smtp] }
        jobs:
          mail.send: { summary: Sends, queue: mails, expires_after: 10m, when_expired: shed, examples: { 1: [{ to: a }] } }

        """

    @Test func `say what is bounded, by what, and how`() throws {
        let manifest = try Manifest.read(
            Self.base + """
                dependencies:
                  smtp:
                    breaker: { window: 20s, failure_percent: 30, minimum: 5, open_for: 2s, open_cap: 30s }
                    failures: [smtp_unavailable, timeout]
                limits:
                  rate: { dependency: smtp, rate: 100/s, burst: 20 }
                  person: { job: mail.send, key: to, rate: 5/10m }
                  places: { queue: mails, concurrency: 4 }
                  month: { dependency: smtp, budget: 50000, per: month, zone: UTC, warn_percent: 90 }

                """,
            file: "m.yaml"
        )
        let smtp = try #require(manifest.dependencies(of: "mails").first)
        #expect(smtp.breaker.window == .seconds(20) && smtp.breaker.failurePercent == 30)
        #expect(smtp.failures == ["smtp_unavailable", "timeout"])
        #expect(manifest.limits(on: "mail.send").map(\.name) == ["month", "person", "rate", "places"])
        #expect(manifest.limits["rate"]?.rule == .rate(.init(count: 100, period: .seconds(1), burst: 20)))
        #expect(manifest.limits["person"]?.rule == .rate(.init(count: 5, period: .seconds(600))))
        #expect(
            manifest.limits["month"]?.rule
                == .quota(.init(budget: 50_000, period: .month, zone: .utc, warnPercent: 90))
        )
        #expect(manifest.jobs["mail.send"]?.expiresAfter == .seconds(600))
        #expect(manifest.jobs["mail.send"]?.shedsExpired == true)
    }

    @Test(arguments: [
        ("dependencies: { smpt: {} }", "names \"smpt\", which is not declared; did you mean \"smtp\"?"),
        ("dependencies: { smtp: { breaker: { open_for: 10s, open_cap: 5s } } }", "open_cap"),
        ("dependencies: { smtp: { breaker: { failure_percent: 101 } } }", "from 1 to 100"),
        ("dependencies: { smtp: { failures: [No] } }", "an error label cannot be named \"No\""),
        ("limits: { a: { rate: 5/s } }", "must be one of dependency, queue and job, found none"),
        ("limits: { a: { queue: mails, dependency: smtp, rate: 5/s } }", "found dependency and queue"),
        ("limits: { a: { queue: mails } }", "must be one of rate, concurrency and budget, found none"),
        ("limits: { a: { queue: mials, rate: 5/s } }", "names \"mials\""),
        ("limits: { a: { job: mail.sent, rate: 5/s } }", "names \"mail.sent\""),
        ("limits: { a: { queue: mails, rate: fast } }", "such as 100/s or 5/1m"),
        ("limits: { a: { queue: mails, rate: 0/s } }", "such as 100/s or 5/1m"),
        ("limits: { a: { queue: mails, key: to, rate: 5/s } }", "only a limit of a job has a key"),
        ("limits: { a: { queue: mails, budget: 5 } }", "lacks \"per\""),
        ("limits: { a: { queue: mails, budget: 5, per: week } }", "cannot be \"week\""),
        ("limits: { a: { queue: mails, budget: 5, per: day, zone: Mars } }", "a time zone that this host knows"),
        ("limits: { a: { queue: mails, concurrency: 0 } }", "from 1 to 100000"),
    ])
    func `are refused with their place when they are wrong`(text: String, reason: String) {
        #expect {
            _ = try Manifest.read(Self.base + text + "\n", file: "m.yaml")
        } throws: { error in
            let problems = (error as? ManifestError)?.problems ?? []
            return problems.count == 1 && problems[0].description.contains(reason) && problems[0].place.line >= 5
        }
    }
}
