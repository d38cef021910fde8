module velero-azure/test/godotenv

go 1.26

require github.com/joho/godotenv v1.4.0
