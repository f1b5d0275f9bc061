import Foundation
import JobCore

extension FamilyVerb {
    /// `jobctl notification import FILE.ndjson`: a line a person, as `notification.profile` has it, with `devices`.
    static let contactImport = FamilyVerb(
        "notification",
        "import",
        usage: "notification import FILE.ndjson",
        abstract: "Load people and their devices; newer registrations stay."
    ) { context in
        let path = try VerbArguments(context, usage: "notification import FILE.ndjson", places: 1).places[0]
        return try await ContactImport(context, path: path).run()
    }

    /// `jobctl notification segment load NAME FILE`: a user id a line.
    static let segmentLoad = FamilyVerb(
        "notification",
        "segment",
        "load",
        usage: "notification segment load NAME FILE",
        abstract: "Make a segment of the user ids in a file, one a line; what it held before goes."
    ) { context in
        let arguments = try VerbArguments(context, usage: "notification segment load NAME FILE", places: 2)
        let (name, path) = (arguments.places[0], arguments.places[1])
        guard MustacheSource.isName(name), name != "all" else {
            throw arguments.mistake("a segment's name is of a-z, 0-9 and _, and not \"all\"")
        }
        var users: [String] = []
        for (index, line) in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").enumerated() {
            let user = line.trimmingCharacters(in: .whitespaces)
            guard !user.isEmpty else { continue }
            guard user.utf8.count <= 100, !user.utf8.contains(0) else {
                throw VerbAnswer.Failure(description: "\(path), line \(index + 1): a user id has 1 to 100 bytes")
            }
            users.append(user)
        }
        _ = try await context.transaction { session throws(StoreError) in
            try session.execute("delete from notification_segments where segment = :segment", ["segment": .text(name)])
        }
        for start in stride(from: 0, to: users.count, by: 2000) {
            let page = Array(users[start..<min(start + 2000, users.count)])
            try await context.transaction { session throws(StoreError) in
                _ = try session.executeBatch(
                    """
                    insert into notification_segments (segment, user_id) values (:segment, :user)
                    on conflict (segment, user_id) do nothing
                    """,
                    page.map { ["segment": .text(name), "user": .text($0)] }
                )
            }
        }
        return Answer(
            text: "segment \(name) has \(Set(users).count) people",
            json: VerbAnswer.json(["segment": name, "users": Set(users).count])
        )
    }

    /// `jobctl notification suppress|readmit CHANNEL ADDRESS`.
    static let suppress = FamilyVerb(
        "notification",
        "suppress",
        usage: "notification suppress sms|email ADDRESS [--list NAME]",
        abstract: "Never write to an address or a number again (or about one list).",
        use: .changes
    ) { context in try await decide(context, word: "suppress") }

    static let readmit = FamilyVerb(
        "notification",
        "readmit",
        usage: "notification readmit sms|email ADDRESS [--list NAME]",
        abstract: "Take a person's own \"no more\" back; bounces and complaints stay.",
        use: .changes
    ) { context in try await decide(context, word: "readmit") }

    private static func decide(_ context: Context, word: String) async throws -> Answer {
        let usage = "notification \(word) sms|email ADDRESS [--list NAME]"
        let arguments = try VerbArguments(context, usage: usage, places: 2, options: ["list"])
        guard let channel = Channel(rawValue: arguments.places[0]), channel != .push else {
            throw arguments.mistake("\(arguments.places[0]) is not sms or email")
        }
        let (address, list) = (arguments.places[1], arguments["list"] ?? "")
        let isSuppressed = try await context.transaction { session throws(StoreError) in
            if word == "suppress" {
                try session.suppress([Suppression(channel, address, list: list, .optOut)])
            } else {
                try session.readmit(channel, address, list: list)
            }
            return try session.suppression(channel, address, list: list) != nil
        }
        return Answer(
            text: isSuppressed ? "not written to any more" : "written to again",
            json: VerbAnswer.json(["channel": channel.rawValue, "suppressed": isSuppressed])
        )
    }
}

/// Reads people line by line and keeps them in pages.
private struct ContactImport {
    private struct Line: Decodable {
        struct Token: Decodable {
            let platform: DeviceUpdate.Platform
            let token: String
            let app: String?
            let locale: String?
        }
        let devices: [Token]?
    }

    private static let page = 1000

    private let context: FamilyVerb.Context
    private let path: String

    init(_ context: FamilyVerb.Context, path: String) {
        self.context = context
        self.path = path
    }

    func run() async throws -> FamilyVerb.Answer {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw VerbAnswer.Failure(description: "cannot read \(path)")
        }
        defer { try? file.close() }
        let now = try await context.transaction { session throws(StoreError) in try session.now() }
        var (people, devices, line, noted) = (0, 0, 0, ContinuousClock.now)
        var profiles: [NotificationProfile] = []
        var tokens: [(user: String, device: Device)] = []
        var rest: [UInt8] = []
        func flush() async throws {
            let (page, pageTokens) = (profiles, tokens)
            try await context.transaction { session throws(StoreError) in
                try session.keep(page, changedAt: now)
                try session.register(pageTokens)
            }
            (people, devices) = (people + profiles.count, devices + tokens.count)
            (profiles, tokens) = ([], [])
        }
        func take(_ bytes: ArraySlice<UInt8>) throws {
            line += 1
            guard !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) else { return }
            do {
                let job = try PayloadCoding.decode(ProfileUpdate.self, from: Array(bytes))
                profiles.append(try job.profile())
                for token in try JSONDecoder().decode(Line.self, from: Data(bytes)).devices ?? [] {
                    let update = DeviceUpdate(
                        userID: job.userID,
                        platform: token.platform,
                        token: token.token,
                        app: token.app ?? "",
                        locale: token.locale
                    )
                    tokens.append((job.userID, try update.device(at: now)))
                }
            } catch let error as JobError {
                throw VerbAnswer.Failure(description: "\(path), line \(line): \(error.message)")
            } catch {
                throw VerbAnswer.Failure(description: "\(path), line \(line): no person as notification.profile has it")
            }
        }
        while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
            rest += chunk
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: 0x0A) {
                try take(rest[start..<end])
                start = end + 1
                if profiles.count >= Self.page { try await flush() }
            }
            rest.removeFirst(start)
            if noted.duration(to: .now) > .seconds(2) {
                noted = .now
                context.note("\(people) people read")
            }
        }
        if !rest.isEmpty { try take(rest[...]) }
        if !profiles.isEmpty { try await flush() }
        return FamilyVerb.Answer(
            text: "\(people) people with \(devices) devices",
            json: VerbAnswer.json(["users": people, "devices": devices])
        )
    }
}
