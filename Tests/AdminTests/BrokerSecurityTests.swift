import Cluster
import Foundation
import Testing

@testable import Admin

@Suite struct `TLS by environment` {
    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, mode) in [("ca.pem", 0o644), ("cert.pem", 0o644), ("key.pem", 0o600), ("open.pem", 0o644)] {
            let made = FileManager.default.createFile(
                atPath: "\(folder)/\(name)",
                contents: Data("PEM".utf8),
                attributes: [.posixPermissions: mode]
            )
            #expect(made)
        }
    }

    private func read(_ variables: [String: String], scheme: String = "amqps") throws(ConfigurationError)
        -> BrokerSecurity
    {
        var environment = [
            "JOBS_BROKER_URL": "\(scheme)://u:secret@broker.example/jobs", "JOBS_DATABASE_URL": "postgres://db/jobs",
        ]
        for (name, value) in variables { environment[name] = value.replacing("~", with: folder) }
        return try PlatformConfiguration.fromEnvironment(environment).security
    }

    @Test func `nothing set means the system's authorities and the URL's password`() throws {
        #expect(try read([:]) == BrokerSecurity())
        #expect(try read(["JOBS_BROKER_AUTH": "plain", "JOBS_BROKER_CA_FILE": ""]) == BrokerSecurity())
    }

    @Test func `authority, certificate, key and the way to log in are read`() throws {
        let security = try read([
            "JOBS_BROKER_CA_FILE": "~/ca.pem", "JOBS_BROKER_CERT_FILE": "~/cert.pem",
            "JOBS_BROKER_KEY_FILE": "~/key.pem",
            "JOBS_BROKER_AUTH": "external",
        ])
        let expected = BrokerSecurity(
            authorityFile: "\(folder)/ca.pem",
            certificateFile: "\(folder)/cert.pem",
            keyFile: "\(folder)/key.pem",
            isExternal: true
        )
        #expect(security == expected)
    }

    @Test(arguments: [
        (["JOBS_BROKER_CERT_FILE": "~/cert.pem"], "JOBS_BROKER_KEY_FILE"),
        (["JOBS_BROKER_KEY_FILE": "~/key.pem"], "JOBS_BROKER_CERT_FILE"),
        (["JOBS_BROKER_AUTH": "external"], "JOBS_BROKER_AUTH"),
        (["JOBS_BROKER_AUTH": "kerberos"], "JOBS_BROKER_AUTH"),
        (["JOBS_BROKER_CA_FILE": "~/none.pem"], "JOBS_BROKER_CA_FILE"),
        (["JOBS_BROKER_CA_FILE": "~"], "JOBS_BROKER_CA_FILE"),
        (["JOBS_BROKER_CERT_FILE": "~/cert.pem", "JOBS_BROKER_KEY_FILE": "~/open.pem"], "JOBS_BROKER_KEY_FILE"),
    ])
    func `a mistake is told by the variable, with a remedy`(_ variables: [String: String], _ name: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try read(variables) }
        #expect(error.problem.contains(name))
        #expect(!error.remedy.isEmpty && !"\(error)".contains("secret"))
    }

    @Test(arguments: [
        ["JOBS_BROKER_CA_FILE": "~/ca.pem"], ["JOBS_BROKER_AUTH": "external"],
        ["JOBS_BROKER_CERT_FILE": "~/cert.pem", "JOBS_BROKER_KEY_FILE": "~/key.pem"],
    ])
    func `files without TLS are a mistake: nobody may believe in a lock that is not there`(
        _ variables: [String: String]
    ) throws {
        #expect(throws: ConfigurationError.self) { try read(variables, scheme: "amqp") }
        #expect(throws: Never.self) {
            try read(["JOBS_BROKER_CA_FILE": "~/ca.pem", "JOBS_MANAGEMENT_URL": "https://u:p@h:1"], scheme: "amqp")
        }
    }

    @Test(arguments: [
        ("amqps://u:p@broker/v", "TLS", false), ("amqp://u:p@127.0.0.1:5672,localhost/v", "on this host", false),
        ("amqp://u:p@127.0.0.1,broker/v", "can be read", true), ("amqp://broker", "can be read", true),
    ])
    func `the doctor says what can be read on the way`(_ url: String, _ words: String, _ hasRemedy: Bool) throws {
        let environment = ["JOBS_BROKER_URL": url, "JOBS_DATABASE_URL": "postgres://db/jobs"]
        let check = try #require(TransportCheck(try PlatformConfiguration.fromEnvironment(environment)).run())
        #expect(check.isOK == true && check.detail.contains(words) && (check.remedy != nil) == hasRemedy)
    }
}
