/// One question the doctor asks.
struct Checkup {
    let name: String
    /// Nil when it could not be asked.
    let isOK: Bool?
    let detail: String
    /// What to do, also for something that is only worth a look.
    let remedy: String?

    static func good(_ name: String, _ detail: String, remedy: String? = nil) -> Checkup {
        Checkup(name: name, isOK: true, detail: detail, remedy: remedy)
    }

    static func bad(_ name: String, _ detail: String, remedy: String) -> Checkup {
        Checkup(name: name, isOK: false, detail: detail, remedy: remedy)
    }

    static func unknown(_ name: String, _ detail: String) -> Checkup {
        Checkup(name: name, isOK: nil, detail: detail, remedy: nil)
    }

    static func failed(_ name: String, _ error: any Error) -> Checkup {
        let failure = CommandFailure(error)
        return .bad(name, failure.message, remedy: failure.remedy ?? "jobctl help")
    }

    var json: JSONValue {
        [
            "name": .text(name), "ok": isOK.map { .bool($0) } ?? .null, "detail": .text(detail),
            "remedy": .string(remedy),
        ]
    }
}
