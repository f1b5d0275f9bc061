import Testing

@testable import JobCore

@Suite struct `A bad manifest` {
    /// Lines 1–5 of each case: a good queue and the beginning of a good job; the case's lines follow from line 6 on.
    static let head = """
        queues:
          mail: { lanes: [high, normal], depends_on: [smtp] }
        jobs:
          mail.send:
            summary: Sends

        """
    static let tail = "    queue: mail\n    examples: { 1: [{}] }\n"

    @Test func `without a mistake it is good`() throws {
        #expect(try Manifest.read(Self.head + Self.tail, file: "m.yaml").jobs.count == 1)
    }

    @Test(arguments: [
        (
            "    timeuot: 5s\n",
            "6:5: unknown key \"timeuot\" in job \"mail.send\"; did you mean \"timeout\"? allowed: summary, queue, lane, version, timeout, retry, deduplicate, expires_after, when_expired, personal, examples"
        ),
        (
            "    zzz: 5s\n",
            "6:5: unknown key \"zzz\" in job \"mail.send\"; allowed: summary, queue, lane, version, timeout, retry, deduplicate, expires_after, when_expired, personal, examples"
        ),
        ("    summary: Again\n", "6:5: key \"summary\" is declared twice, first at m.yaml:5:5"),
        (
            "    lane: hihg\n",
            "6:11: lane of job \"mail.send\" cannot be \"hihg\"; did you mean \"high\"? allowed: high, normal, bulk"
        ),
        (
            "    lane: bulk\n",
            "6:11: lane of job \"mail.send\" in queue \"mail\" cannot be \"bulk\"; allowed: high, normal"
        ),
        (
            "    version: one\n",
            "6:14: version of job \"mail.send\" must be a whole number from 1 to 1000000, found \"one\""
        ),
        (
            "    version: \"1\"\n",
            "6:14: version of job \"mail.send\" must be a whole number from 1 to 1000000, found the text \"1\""
        ),
        ("    version: 0\n", "6:14: version of job \"mail.send\" must be a whole number from 1 to 1000000, found 0"),
        ("    version: 2\n", "8:15: example: job \"mail.send\" has none of version 2"),
        (
            "    timeout: 11m\n",
            "6:14: timeout of job \"mail.send\" must be from 100ms to 10m (no delivery is held unacknowledged longer than 10 minutes; a longer job runs in slices), found 11m"
        ),
        (
            "    timeout: 99ms\n",
            "6:14: timeout of job \"mail.send\" must be from 100ms to 10m (no delivery is held unacknowledged longer than 10 minutes; a longer job runs in slices), found 99ms"
        ),
        (
            "    timeout: 60\n",
            "6:14: timeout of job \"mail.send\" must be a duration such as 250ms, 30s, 5m, 1h or 2d, found \"60\""
        ),
        (
            "    timeout:\n",
            "6:13: timeout of job \"mail.send\" must be a duration such as 250ms, 30s, 5m, 1h or 2d, found nothing"
        ),
        (
            "    timeout: [5s]\n",
            "6:14: timeout of job \"mail.send\" must be a duration such as 250ms, 30s, 5m, 1h or 2d, found a list"
        ),
        ("    retry: 5\n", "6:12: retry of job \"mail.send\" must be a mapping, found \"5\""),
        (
            "    retry: { max_attempts: 1001 }\n",
            "6:28: max_attempts of retry of job \"mail.send\" must be a whole number from 1 to 1000, found 1001"
        ),
        ("    retry: { base: 2d }\n", "6:20: base of retry of job \"mail.send\" must be from 1ms to 1d, found 2d"),
        (
            "    retry: { base: 10s, cap: 5s }\n",
            "6:30: cap of retry of job \"mail.send\" must be at least base (10s), found 5s"
        ),
        (
            "    retry: { labels: [x] }\n",
            "6:22: labels of retry of job \"mail.send\" must be a mapping of error labels to rules, found a list"
        ),
        (
            "    retry: { labels: { Bad-One: dead } }\n",
            "6:24: an error label cannot be named \"Bad-One\": only a-z, 0-9 and _ are allowed, at most 64 bytes"
        ),
        (
            "    retry: { labels: { x: ded } }\n",
            "6:27: label \"x\" in retry of job \"mail.send\" cannot be \"ded\"; did you mean \"dead\"? allowed: dead, { after: 1h }, { max_attempts: 3 }, { park: DEPENDENCY }"
        ),
        (
            "    retry: { labels: { x: { park: smpt } } }\n",
            "6:35: park of job \"mail.send\" (a dependency of queue \"mail\") names \"smpt\", which is not declared; did you mean \"smtp\"? allowed: smtp"
        ),
        ("    retry: { labels: { x: {} } }\n", "6:27: label \"x\" in retry of job \"mail.send\" lacks \"after\""),
        (
            "    retry: { labels: { x: { park: smtp, after: 5s } } }\n",
            "6:27: label \"x\" in retry of job \"mail.send\" must be park alone, or after and max_attempts, found both"
        ),
        ("    personal: to\n", "6:15: personal of job \"mail.send\" must be a list, found \"to\""),
        (
            "    personal: [to, to]\n",
            "6:20: \"to\" in personal of job \"mail.send\" is declared twice, first at m.yaml:6:16"
        ),
        (
            "    personal: [a..b]\n",
            "6:16: a personal field cannot be named \"a..b\": a path is keys of the payload joined by dots, such as data.email"
        ),
        ("    personal: [{}]\n", "6:16: personal of job \"mail.send\" must be text, found a mapping"),
        ("    ? [a]\n    : b\n", "6:7: not a manifest's YAML: a key must be one word"),
        (
            "    timeout: !!binary 5s\n",
            "6:14: not a manifest's YAML: the tag tag:yaml.org,2002:binary is not understood"
        ),
    ])
    func `says where and what is wrong in a job`(lines: String, expected: String) {
        #expect(problems(Self.head + lines + Self.tail) == ["m.yaml:\(expected)"])
    }

    @Test(arguments: [
        (
            "queues: { q.high: {} }",
            "1:11: a queue cannot be named \"q.high\": the platform itself adds .high to a queue's name"
        ),
        (
            "queues: { q.dead: {} }",
            "1:11: a queue cannot be named \"q.dead\": the platform itself adds .dead to a queue's name"
        ),
        (
            "queues: { Mail: {} }",
            "1:11: a queue cannot be named \"Mail\": only a-z, 0-9 and _ are allowed, at most 60 bytes"
        ),
        (
            "queues: { \(String(repeating: "q", count: 61)): {} }",
            "1:11: a queue cannot be named \"\(String(repeating: "q", count: 61))\": only a-z, 0-9 and _ are allowed, at most 60 bytes"
        ),
        ("queues: { q: }", "1:14: queue \"q\" must be a mapping, found nothing"),
        ("queues: [q]", "1:9: queues must be a mapping of names to declarations, found a list"),
        (
            "queues: { q: { lane: [high] } }",
            "1:16: unknown key \"lane\" in queue \"q\"; did you mean \"lanes\"? allowed: lanes, concurrency, credit, max_length, lag_threshold, depends_on"
        ),
        ("queues: { q: { lanes: [] } }", "1:23: lanes of queue \"q\" must be one to three lanes, found none"),
        (
            "queues: { q: { lanes: [low] } }",
            "1:24: lanes of queue \"q\" cannot be \"low\"; allowed: high, normal, bulk"
        ),
        (
            "queues: { q: { lanes: [high, high] } }",
            "1:30: \"high\" in lanes of queue \"q\" is declared twice, first at m.yaml:1:24"
        ),
        (
            "queues: { q: { concurrency: 0 } }",
            "1:29: concurrency of queue \"q\" must be a whole number from 1 to 1000, found 0"
        ),
        (
            "queues: { q: { concurrency: 99999999999999999999 } }",
            "1:29: concurrency of queue \"q\" must be a whole number from 1 to 1000, found 99999999999999999999"
        ),
        (
            "queues: { q: { concurrency: 1.5 } }",
            "1:29: concurrency of queue \"q\" must be a whole number from 1 to 1000, found \"1.5\""
        ),
        (
            "queues: { q: { credit: 5001 } }",
            "1:24: credit of queue \"q\" must be a whole number from 1 to 5000, found 5001"
        ),
        (
            "queues: { q: { max_length: non } }",
            "1:28: max_length of queue \"q\" must be none or a whole number from 1 to 1000000000, found \"non\""
        ),
        (
            "queues: { q: { lag_threshold: 500ms } }",
            "1:31: lag_threshold of queue \"q\" must be from 1s to 7d, found 500ms"
        ),
        (
            "queues: { q: { depends_on: [SMTP] } }",
            "1:29: a dependency cannot be named \"SMTP\": only a-z, 0-9 and _ are allowed, at most 60 bytes"
        ),
        (
            "queue: {}",
            "1:1: unknown key \"queue\" in the manifest; did you mean \"queues\"? allowed: queues, jobs, schedules, alerts, dependencies, limits, roles, retention"
        ),
        (
            "jobs: { mail: { summary: s } }",
            "1:9: a job cannot be named \"mail\": two to six parts of a-z, 0-9 and _ joined by dots, at most 100 bytes"
        ),
        (
            "jobs: { mail.bulk: { summary: s } }",
            "1:9: a job cannot be named \"mail.bulk\": .bulk at the end is the routing key of a lane"
        ),
        ("- a", "1:1: the manifest must be a mapping, found a list"),
        ("queues: {", "2:1: not a manifest's YAML: did not find expected node content"),
        ("queues: {}\n---\njobs: {}", "2:1: not a manifest's YAML: but found another document"),
        ("queues: *none", "1:9: not a manifest's YAML: found undefined alias"),
    ])
    func `says where and what is wrong elsewhere`(text: String, expected: String) {
        #expect(problems(text) == ["m.yaml:\(expected)"])
    }

    @Test(arguments: [
        ("{ 1: [] }", "4:47: example: job \"a.b\" has none of version 1"),
        ("{ 1: {} }", "4:47: examples of job \"a.b\" must be a list of payloads, found a mapping"),
        ("{ 2: [{}], 1: [{}] }", "4:44: examples of job \"a.b\" must be a version from 1 to 1, found 2"),
        ("{ x: [{}], 1: [{}] }", "4:44: examples of job \"a.b\" must be a version from 1 to 1, found x"),
        ("{ 1: [{ a: .nan }] }", "4:53: example: the number .nan does not fit in JSON"),
        ("[{}]", "4:42: examples of job \"a.b\" must be a mapping of versions to lists of payloads, found a list"),
    ])
    func `says where and what is wrong in an example`(examples: String, expected: String) {
        let text = "queues:\n  q: {}\njobs:\n  a.b: { summary: s, queue: q, examples: \(examples) }\n"
        #expect(problems(text) == ["m.yaml:\(expected)"])
    }

    @Test func `lacks what every job needs`() {
        #expect(
            problems("jobs:\n  a.b: {}") == [
                "m.yaml:2:3: job \"a.b\" lacks \"examples\"", "m.yaml:2:3: job \"a.b\" lacks \"queue\"",
                "m.yaml:2:3: job \"a.b\" lacks \"summary\"",
            ]
        )
    }

    @Test func `names a queue that nobody declares`() {
        let job = "jobs: { a.b: { summary: s, queue: mial, examples: { 1: [{}] } } }"
        #expect(
            problems("queues: { mail: {}, push: {} }\n\(job)") == [
                "m.yaml:2:35: queue of job \"a.b\" names \"mial\", which is not declared; did you mean \"mail\"? allowed: mail, push"
            ]
        )
        #expect(
            problems(job) == [
                "m.yaml:1:35: queue of job \"a.b\" names \"mial\", which is not declared; none is declared"
            ]
        )
    }

    @Test func `shows all its mistakes at once, in order, repeated keys included`() {
        let text = """
            queues:
              q: { concurrency: 0, concurrency: 5, credit: 0 }
              q: { lanes: [low] }
              "q": {}
            jobs:
              a.b:
                summary: s
                queue: q
                queue: r
                lane: bulk
                timeout: 1h
                examples: { 1: [{ x: 1, x: 2 }] }
              a.b: {}
            """
        #expect(
            problems(text).map { $0.prefix { $0 != " " } } == [
                "m.yaml:2:21:", "m.yaml:2:24:", "m.yaml:2:48:", "m.yaml:3:3:", "m.yaml:4:3:", "m.yaml:9:5:",
                "m.yaml:10:11:", "m.yaml:11:14:", "m.yaml:12:29:", "m.yaml:13:3:",
            ]
        )
        #expect(problems(text).contains("m.yaml:4:3: key \"q\" is declared twice, first at m.yaml:2:3"))
        #expect(problems(text).contains("m.yaml:12:29: key \"x\" is declared twice, first at m.yaml:12:23"))
    }

    private func problems(_ text: String) -> [String] {
        do throws(ManifestError) {
            _ = try Manifest.read(text, file: "m.yaml")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }
}
