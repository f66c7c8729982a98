#include <array>
#include <cmath>
#include <QImage>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

/// What fine-tuning is for: a laboratory has few sections, stained in its own way. A model that was trained
/// elsewhere and goes on with them must beat both that model as it is and one that knows only these sections.
class TestFineTuning : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] QString at(const char* name) const { return dir_.filePath(QString::fromUtf8(name)); }

    static QByteArray run(const QStringList& arguments) {
        QProcess process;
        process.start(QStringLiteral(SPOTGLASS_CLI), arguments);
        if (!process.waitForFinished(600'000) || process.exitCode() != 0) {
            qWarning("%s", process.readAllStandardError().constData());
            return {};
        }
        return process.readAllStandardOutput() + " ";
    }
    static QByteArray synth(const QString& folder, const char* sections, const char* seed) {
        return run({QStringLiteral("synth"), QStringLiteral("-o"), folder, QStringLiteral("--sections"),
                    QString::fromLatin1(sections), QStringLiteral("--size"), QStringLiteral("2048"),
                    QStringLiteral("--seed"), QString::fromLatin1(seed)});
    }
    /// Another stain: optical densities times a factor of each channel's. White stays white.
    static void restain(const QString& file) {
        QImage image(file);
        QVERIFY(!image.isNull());
        image = image.convertToFormat(QImage::Format_RGB888);
        constexpr std::array factors{1.5, 0.75, 1.1};
        for (int y = 0; y < image.height(); ++y) {
            auto* line = image.scanLine(y);
            for (int i = 0; i < 3 * image.width(); ++i)
                line[i] = static_cast<uchar>(
                    255 * std::pow(line[i] / 255.0, factors.at(static_cast<std::size_t>(i % 3))) + 0.5);
        }
        QVERIFY(image.save(file, "JPG", 92));
    }
    /// A small DKAN. Features on the training's scale, so that a new stain is new to it.
    QString config(const char* name, const QByteArray& more) const {
        QFile file(at(name));
        if (!file.open(QIODevice::WriteOnly)) return {};
        file.write(R"({"batch": 8, "learning_rate": 1e-3, "seed": 3, "feature_scale": "training", )" + more +
                   "}");
        return at(name);
    }
    static QByteArray fromScratch(const QByteArray& more) {
        return R"("model": {"emb_dim_target": 16, "emb_dim": 128, "emb_dim_text": 16, "depth1": 1, "depth2": 2, "depth3": 1,
            "depth_img": 1, "depth_exp": 1, "depth_text": 1, "num_heads1": 2, "num_heads2": 2, "num_heads3": 2, "num_heads_img": 2,
            "num_heads_exp": 2, "num_heads_text": 2, "mlp_ratio_img": 1, "mlp_ratio_exp": 1}, "patch_pixels": 64,
            "panel": {"size": 30, "minimum_total": 1, "must_have": ["FN1", "ERBB2"]}, )" +
               more;
    }
    QByteArray train(const char* cohort, const QString& config, const char* output) const {
        return run({QStringLiteral("train"), QStringLiteral("--cohort"), at(cohort),
                    QStringLiteral("--config"), config, QStringLiteral("-o"), at(output),
                    QStringLiteral("--train-sections"), QStringLiteral("A1,B1")});
    }
    double pcc(const char* model) const {
        const auto document = QJsonDocument::fromJson(
            run({QStringLiteral("evaluate"), QStringLiteral("--model"), at(model), QStringLiteral("--cohort"),
                 at("laboratory"), QStringLiteral("--sections"), QStringLiteral("C1"),
                 QStringLiteral("--json")}));
        return document[QStringLiteral("metrics")][QStringLiteral("pcc_all")][QStringLiteral("mean")]
            .toDouble(-2);
    }

  private Q_SLOTS:
    void theChildBeatsItsParentAndTrainingFromScratch() {
        QVERIFY(!synth(at("elsewhere"), "4", "5").isEmpty() && !synth(at("laboratory"), "3", "71").isEmpty());
        for (const char* image :
             {"laboratory/ST-imgs/A1.jpg", "laboratory/ST-imgs/B1.jpg", "laboratory/ST-imgs/C1.jpg"})
            restain(at(image));
        QVERIFY(!run({QStringLiteral("train"), QStringLiteral("--cohort"), at("elsewhere"),
                      QStringLiteral("--config"), config("parent.json", fromScratch(R"("fixed_epochs": 12)")),
                      QStringLiteral("-o"), at("parent")})
                     .isEmpty());
        // The same epochs on the same two sections; the third chooses nothing.
        QVERIFY(!train("laboratory",
                       config("child.json", R"("fixed_epochs": 15, "from": "parent/model.safetensors")"),
                       "child")
                     .isEmpty());
        QVERIFY(!train("laboratory", config("scratch.json", fromScratch(R"("fixed_epochs": 15)")), "scratch")
                     .isEmpty());
        const double parent = pcc("parent/model.safetensors"), child = pcc("child/model.safetensors"),
                     scratch = pcc("scratch/model.safetensors");
        qInfo("PCC over all genes: parent %.3f, child %.3f, from scratch %.3f", parent, child, scratch);
        QVERIFY(child > parent + 0.02 && child > scratch + 0.02);
    }
};

QTEST_GUILESS_MAIN(TestFineTuning)
#include "TestFineTuning.moc"
