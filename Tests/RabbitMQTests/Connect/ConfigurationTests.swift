import Testing

@testable import RabbitMQ

@Suite struct ConfigurationTests {
    @Test func `a full URL is read with its escapes, hosts and ports`() throws {
        let url = "amqp://us%40er:p%3Aw%2F@h1,h2:5673,[::1]:5674,[fe80::1]/v%2Fh"
        let configuration = try AMQPConfiguration(url: url)
        #expect(configuration.user == "us@er")
        #expect(configuration.password == "p:w/")
        #expect(configuration.virtualHost == "v/h")
        #expect(configuration.tls == nil)
        #expect(
            configuration.endpoints == [
                .init(host: "h1", port: 5672), .init(host: "h2", port: 5673), .init(host: "::1", port: 5674),
                .init(host: "fe80::1", port: 5672),
            ]
        )
    }

    @Test(arguments: [
        ("amqp://h", "guest", "guest", "/", UInt16(5672)),
        ("amqps://h", "guest", "guest", "/", 5671),
        ("AMQP://h/", "guest", "guest", "/", 5672),
        ("amqp://h/%2F", "guest", "guest", "/", 5672),
        ("amqp://h/prod", "guest", "guest", "prod", 5672),
        ("amqp://u@h/prod", "u", "", "prod", 5672),
        ("amqp://u:p@w@h/prod", "u", "p@w", "prod", 5672),
        ("amqp://u:p/w@h:1/prod", "u", "p/w", "prod", 1),
    ])
    func `defaults and slips are understood`(
        url: String,
        user: String,
        password: String,
        virtualHost: String,
        port: UInt16
    ) throws {
        let configuration = try AMQPConfiguration(url: url)
        #expect(configuration.user == user)
        #expect(configuration.password == password)
        #expect(configuration.virtualHost == virtualHost)
        #expect(configuration.endpoints == [.init(host: "h", port: port)])
        #expect((configuration.tls != nil) == url.lowercased().hasPrefix("amqps"))
    }

    @Test(arguments: [
        ("", AMQPConfigurationError.unknownScheme),
        ("http://u:secret@h", .unknownScheme),
        ("amqp://", .missingHost),
        ("amqp://u:secret@", .missingHost),
        ("amqp://u:secret@h1,,h2", .missingHost),
        ("amqp://u:secret@:5672", .missingHost),
        ("amqp://h:0", .badPort("0")),
        ("amqp://h:65536", .badPort("65536")),
        ("amqp://user:secret", .badPort("?")),
        ("amqp://user:1234567", .badPort("?")),
        ("amqp://u:secret@h h", .badHost),
        ("amqp://u:secret@[::1", .badHost),
        ("amqp://u:secret@[::1]x", .badHost),
        ("amqp://u:secret%2@h", .badPercentEncoding(part: "password")),
        ("amqp://u:secret%zz@h", .badPercentEncoding(part: "password")),
        ("amqp://u%00:secret@h", .badPercentEncoding(part: "user")),
        ("amqp://u:secret@h/%ff", .badPercentEncoding(part: "vhost")),
        ("amqp://u:secret@h?heartbeat=1", .unexpected(part: "query")),
        ("amqp://u:secret@h#x", .unexpected(part: "fragment")),
        ("amqp://u:secret@h/" + String(repeating: "v", count: 256), .tooLong(part: "vhost")),
    ])
    func `a bad URL is told by what is wrong, without the password`(
        url: String,
        expected: AMQPConfigurationError
    ) throws {
        let error = #expect(throws: AMQPConfigurationError.self) { try AMQPConfiguration(url: url) }
        #expect(error == expected)
        let told = "\(expected) \(String(reflecting: expected))"
        #expect(!told.contains("secret") && !told.contains("1234567"))
    }

    @Test func `no description shows the password`() throws {
        let configuration = try AMQPConfiguration(url: "amqp://u:secret@h1,h2/v")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped, "\([configuration])"] {
            #expect(!text.contains("secret"))
            #expect(text.contains("amqp://u:***@h1:5672,h2:5672/v"))
        }
    }
}
