import JobCore

extension ManagementClient {
    struct Node: Decodable {
        let name: String
        let isRunning: Bool
        let memoryUsed: Int?
        let memoryLimit: Int?
        let memoryAlarm: Bool?
        let diskFree: Int?
        let diskLimit: Int?
        let diskAlarm: Bool?

        enum CodingKeys: String, CodingKey {
            case name
            case isRunning = "running"
            case memoryUsed = "mem_used"
            case memoryLimit = "mem_limit"
            case memoryAlarm = "mem_alarm"
            case diskFree = "disk_free"
            case diskLimit = "disk_free_limit"
            case diskAlarm = "disk_free_alarm"
        }

        var alarms: [String] {
            var alarms: [String] = []
            if memoryAlarm == true {
                alarms.append("\(name) is low on memory: uses \(megabytes(memoryUsed)) of \(megabytes(memoryLimit))")
            }
            if diskAlarm == true {
                alarms.append("\(name) is low on disk: \(megabytes(diskFree)) free, wants \(megabytes(diskLimit))")
            }
            return alarms
        }

        private func megabytes(_ bytes: Int?) -> String { bytes.map { "\($0 / 1_000_000) MB" } ?? "?" }
    }

    private struct Overview: Decodable {
        let version: String

        enum CodingKeys: String, CodingKey {
            case version = "rabbitmq_version"
        }
    }

    func version() async throws(BrokerError) -> String { try await get(Overview.self, "/api/overview").version }

    func nodes() async throws(BrokerError) -> [Node] { try await get([Node].self, "/api/nodes") }
}
