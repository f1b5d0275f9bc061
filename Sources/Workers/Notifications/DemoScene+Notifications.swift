import JobCore

extension DemoScene {
    /// Check-ins of friends for forty people: their devices and wishes first, then what is to be told to them.
    static let notifications = DemoScene(jobs: {
        (0..<40).map { index -> (SendNotification, [EnqueueOption]) in
            (
                SendNotification(
                    userID: "demo-\(index)",
                    template: "friends_nearby",
                    variables: ["name": "Ana", "venue": "Café Aurora ☕️"],
                    category: "social"
                ), []
            )
        }
    })

    /// Goes before it: who these people are.
    static let devices = DemoScene(jobs: {
        (0..<40).map { index -> (DeviceUpdate, [EnqueueOption]) in
            let isApple = index % 2 == 0
            let device = DeviceUpdate(
                userID: "demo-\(index)",
                platform: isApple ? .apns : .fcm,
                token: isApple ? "00000000000000000000000000\(index + 100)ab" : "demo-token-\(index)-0000",
                locale: index % 4 < 2 ? "pt-BR" : "en"
            )
            return (device, [.lane(.high)])
        }
    })
}
