<?php

// What the article's `time() - $max_life` is, for a $max_life of every kind. The time is 1000 here.
set_error_handler(function (int $level, string $text): bool {
    echo "$text; ";
    return true;
});

foreach ([10, '10', '1e3', -10, '0 OR 1=1', 'x', null] as $max_life) {
    printf('1000 - %s: ', var_export($max_life, true));
    try {
        var_dump(1000 - $max_life);
    } catch (TypeError $error) {
        echo $error->getMessage(), "\n";
    }
}
