import JobCore

extension DemoScene {
    /// Who forty people are: a phone each.
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

    /// What their friends do: captured, in their own language (`jobctl notification captured`).
    static let pushes = DemoScene(jobs: {
        (0..<40).map { index -> (PushNotification, [EnqueueOption]) in
            let push = PushNotification(
                userID: "demo-\(index)",
                template: "friends_nearby",
                variables: ["name": "Ana", "venue": "Café Aurora ☕️", "others": index % 3 == 0 ? 2 : ""],
                category: "social"
            )
            return (push, [])
        }
    })
}
