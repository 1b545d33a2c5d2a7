plugins {
    java
    application
}

java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }

application { mainClass = "dev.example.Greeter" }

tasks.register<Jar>("bootJar") {
    from(sourceSets.main.get().output)
    manifest { attributes["Main-Class"] = "dev.example.Greeter" }
}
