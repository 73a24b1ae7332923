// The entry of the page. Nothing but mounting belongs here.
import { createApp } from 'vue'
import App from './App.vue'
import './styles/main.scss'

const app = createApp(App)
// One part that fails must not take the page with it, nor go unseen.
app.config.errorHandler = (error) => reportError(error)
app.mount('#app')
