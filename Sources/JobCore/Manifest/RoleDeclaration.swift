/// What people may do with the platform. The databases and the broker enforce it, not this program.
package enum OperatorRole: String, Sendable, CaseIterable {
    /// Looks at everything but payloads and keys.
    case viewer
    /// Also changes what is waiting, dead, paused or limited.
    case oper = "operator"
    /// Also changes schema, topology, keys and roles.
    case admin
}

/// Logins of PostgreSQL, and users of RabbitMQ with the same names, by what they may do.
package typealias RoleDeclaration = [OperatorRole: [String]]

/// Reads the section `roles`.
struct RoleReader {
    static let keys = OperatorRole.allCases.map(\.rawValue)

    let report: ManifestReport

    func read(_ value: YAMLValue) -> RoleDeclaration {
        guard let fields = FieldReader(value, of: "roles", allowed: Self.keys, report: report) else { return [:] }
        var declaration: RoleDeclaration = [:]
        for role in OperatorRole.allCases {
            for (login, place) in fields.texts(role.rawValue) ?? [] {
                if ManifestWord.isLogin(login) {
                    declaration[role, default: []].append(login)
                } else {
                    report.add(.badName("a login", found: login, rule: ManifestWord.loginRule), at: place)
                }
            }
        }
        return declaration
    }
}

extension ManifestWord {
    static let loginRule = "1 to 63 letters, digits, _, - or ."

    static func isLogin(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
